/**
 * A cluster on one machine: nodes made of namespaces on a virtual underlay, a stand-in for the
 * kubelet that runs real processes and real virtual machines, and the commands that steer it.
 */
@NullMarked
package io.ovenet.lab;

import org.jspecify.annotations.NullMarked;
