// Package noise finds out whether a machine is quiet enough to be measured on.
//
// A [Probe] takes samples before, between and after the measurements. In each it does a
// fixed piece of work on every core at once and takes the time: on a quiet machine that
// is the same every time, to about one percent. What is slow it tries again, for the
// measurements themselves leave work behind; what lasts is of others. A machine counts
// as noisy when
//
//   - the slowest sample took [MaxSlowdown] longer than the fastest: something else had
//     the cores for a while, or their clock changed, and whoever had his turn then looks
//     slower than he is;
//   - the load average was above [MaxLoad] for each core before anything was measured;
//   - the host of a virtual machine kept more than [MaxSteal] of the time for others.
//
// None of the signs proves anything: a machine may be noisy between the samples, and
// what a user did a minute ago still shows in the load average. Measuring in
// interleaved rounds is what makes ratios fair; noise is for how far to trust the rest.
package noise
