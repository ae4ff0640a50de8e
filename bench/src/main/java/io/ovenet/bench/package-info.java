/** Benchmarks: each compares with a peer or a limit in the same run. */
@NullMarked
package io.ovenet.bench;

import org.jspecify.annotations.NullMarked;
