go get .
go run .
