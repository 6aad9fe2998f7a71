redis-cli --rdb backup.rdb
