// usage: with_go BASE REQUESTS LARGE_FILE LARGE_BYTES     exit 0: every answer was right
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

type said struct {
	Token        string `json:"token"`
	PayloadBytes int64  `json:"payload_bytes"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "with_go:", err)
		os.Exit(1)
	}
}

// A body whose length net/http does not know goes out chunked.
func post(client *http.Client, url string, body io.Reader, length int64) said {
	request, err := http.NewRequest("POST", url, body)
	must(err)
	request.ContentLength = length
	request.Header.Set("Content-Type", "application/octet-stream")
	answer, err := client.Do(request)
	must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(err)
	if answer.StatusCode != 200 {
		must(fmt.Errorf("%d %s", answer.StatusCode, text))
	}
	var result said
	must(json.Unmarshal(text, &result))
	return result
}

func small(client *http.Client, jobs string, i int) {
	token := fmt.Sprintf("go-%d", i)
	length := int64(i % 100)
	declared := length
	if i%3 == 0 {
		declared = -1
	}
	result := post(client, jobs+"?ms=0&token="+token, strings.NewReader(strings.Repeat("z", int(length))), declared)
	if result.Token != token || result.PayloadBytes != length {
		must(fmt.Errorf("request %d got %+v", i, result))
	}
}

func main() {
	jobs := os.Args[1] + "/v1/queues/simulate/jobs"
	count, err := strconv.Atoi(os.Args[2])
	must(err)
	size, err := strconv.ParseInt(os.Args[4], 10, 64)
	must(err)
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 20, MaxIdleConnsPerHost: 20}}
	var all sync.WaitGroup
	for i := 0; i < count; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			small(client, jobs, i)
		}(i)
	}
	all.Wait()
	for _, length := range []int64{size, -1} {
		file, err := os.Open(os.Args[3])
		must(err)
		if result := post(client, jobs+"?ms=0", file, length); result.PayloadBytes != size {
			must(fmt.Errorf("the large body arrived as %d bytes", result.PayloadBytes))
		}
	}
}
