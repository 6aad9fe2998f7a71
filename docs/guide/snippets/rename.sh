redis-cli XGROUP CREATE '{shop}:placed' bill '$'
redis-cli XGROUP DESTROY '{shop}:placed' charge
redis-cli UNLINK '{shop}:charge'
