redis-cli CONFIG SET tls-cert-file server.crt tls-key-file server.key tls-ca-cert-file ca.crt
