// Package bench measures what a load costs, against floors that are measured in
// the same run, and checks every result that it measures.
//
// A [Main] of its own (cmd/snowdrift-bench, `make bench`) plays several parts:
// the parent starts itself again as the simulator ("sim"), as the program
// ("run", which is snowdrift's own command line), as a floor ("floor") or as the
// stages on one core ("stages"). So the simulator's CPU time counts for nobody,
// and what a part took is what the kernel says of its process. Times of the wall
// depend on what else the machine does; CPU seconds do so less, ratios within
// one run least: docs/PERFORMANCE.md gives ratios.
//
// The floor is what no loader can do without: to download the same pages,
// decode gzip, and read the JSON once. It is measured twice, with the fastest
// readers that we know of and accept all legal pages (klauspost's gzip,
// jsontext's scan, no value built), and with the standard library (net/http's own gzip,
// encoding/json into values), the way a plain program would read them.
package bench
