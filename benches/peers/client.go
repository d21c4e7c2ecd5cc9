// Go's net/http with one shared client and as many goroutines as requests may be under way:
// PROGRAM URL COUNT AT_ONCE HOSTS, as the clients in Rust; HOSTS is 1.
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
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	url := os.Args[1]
	count, _ := strconv.Atoi(os.Args[2])
	atOnce, _ := strconv.Atoi(os.Args[3])
	transport := &http.Transport{MaxIdleConns: atOnce, MaxIdleConnsPerHost: atOnce}
	client := &http.Client{Timeout: 30 * time.Second, Transport: transport}
	work := make(chan string, 2*atOnce)
	var ok int64
	var running sync.WaitGroup
	started := time.Now()
	for i := 0; i < atOnce; i++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for url := range work {
				if fetch(client, url) == nil {
					atomic.AddInt64(&ok, 1)
				}
			}
		}()
	}
	for i := 0; i < count; i++ {
		work <- url
	}
	close(work)
	running.Wait()
	seconds := time.Since(started).Seconds()
	fmt.Printf("{\"ok\": %d, \"failed\": %d, \"seconds\": %f, \"peak\": %s, \"cpu\": %f}\n", ok, count-int(ok), seconds, peak(), cpu())
}

func fetch(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var value any
	return json.Unmarshal(body, &value)
}

// The largest resident set in KiB, or null.
func peak() string {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			return strings.Fields(line)[1]
		}
	}
	return "null"
}

func cpu() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
