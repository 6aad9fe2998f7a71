test "$(redis-cli XLEN '{shop}:poison')" = 0 &&
	redis-cli --scan --pattern '{shop}:*' | tr '\n' '\0' | xargs -0 -r redis-cli UNLINK
