/** The demonstration: the mission's policies, on real pods and virtual machines of two nodes. */
@NullMarked
package io.ovenet.cli.demo;

import org.jspecify.annotations.NullMarked;
