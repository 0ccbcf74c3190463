module headrace.example/goseed

go 1.19
