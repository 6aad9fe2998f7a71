redis-cli XLEN '{shop}:poison'
redis-cli --scan --pattern '{shop}:*' | xargs redis-cli UNLINK
