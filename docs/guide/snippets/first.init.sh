mkdir shop
cd shop
go mod init example.com/shop
