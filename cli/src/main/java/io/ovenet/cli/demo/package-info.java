/** The demonstration: the mission's first policy, on real pods and a real virtual machine. */
@NullMarked
package io.ovenet.cli.demo;

import org.jspecify.annotations.NullMarked;
