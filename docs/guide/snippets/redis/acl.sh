redis-cli --user admin ACL LOAD
redis-cli --user admin ACL LOG
