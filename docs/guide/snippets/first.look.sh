redis-cli --scan --pattern '{shop}*' | sort
redis-cli XLEN '{shop}:poison'
