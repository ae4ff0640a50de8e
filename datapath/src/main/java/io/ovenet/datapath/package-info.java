/**
 * The eBPF programs of a node: their loader, their maps and the codecs of what kernel and agent
 * share. The layouts are defined once, in {@code ovenet.h}; a test holds every codec against the
 * object's BTF.
 */
@NullMarked
package io.ovenet.datapath;

import org.jspecify.annotations.NullMarked;
