// Package importerpb is the Go form of importer.proto, generated; authors in Go need only package plugins.
package importerpb

//go:generate sh -c "protoc --proto_path=.. --plugin=$(go tool -n protoc-gen-go) --plugin=$(go tool -n protoc-gen-go-grpc) --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative importer.proto"
