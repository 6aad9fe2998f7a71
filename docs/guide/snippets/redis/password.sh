printf '%s' worker-password | sha256sum
