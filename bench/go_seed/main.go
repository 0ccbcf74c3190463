// The same service in Go, as one writes it with the standard library: a bounded channel, worker
// goroutines, 429 when the channel is full, an answer in JSON. For bench/edge.py.
//
// Environment: LISTEN (address:port), WORKERS, CAPACITY, PAGE_BYTES.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

type job struct {
	milliseconds int
	bytes        int64
	done         chan result
}

type result struct {
	Milliseconds int     `json:"ms"`
	Bytes        int64   `json:"bytes"`
	RunMs        float64 `json:"run_ms"`
}

func number(name string, standard int) int {
	if value, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return value
	}
	return standard
}

func work(queue <-chan job) {
	for next := range queue {
		start := time.Now()
		if next.milliseconds > 0 {
			time.Sleep(time.Duration(next.milliseconds) * time.Millisecond)
		}
		next.done <- result{next.milliseconds, next.bytes, time.Since(start).Seconds() * 1000}
	}
}

func main() {
	queue := make(chan job, number("CAPACITY", 64))
	for i := 0; i < number("WORKERS", 1); i++ {
		go work(queue)
	}
	page := []byte(strings.Repeat("x", number("PAGE_BYTES", 4096)))
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
	http.HandleFunc("/simulate", func(w http.ResponseWriter, r *http.Request) {
		milliseconds, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 128<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		next := job{milliseconds, int64(len(body)), make(chan result, 1)}
		select {
		case queue <- next:
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "the queue is full", http.StatusTooManyRequests)
			return
		}
		select {
		case done := <-next.done:
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(done)
		case <-r.Context().Done():
		}
	})
	log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), nil))
}
