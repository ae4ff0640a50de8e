/**
 * The one door to the kernel: eBPF objects, maps, programs, links and ring buffers, rtnetlink,
 * namespaces and mounts. No other module makes a native call.
 *
 * <p>A failed system call is a {@link io.ovenet.bpf.KernelException} that names the operation, the
 * object and the errno of that very call; outcomes that a caller expects (a missing key, a missing
 * link) are results. Whatever owns a file descriptor is closed by its owner, once, when no other
 * thread uses it any more.
 */
@NullMarked
package io.ovenet.bpf;

import org.jspecify.annotations.NullMarked;
