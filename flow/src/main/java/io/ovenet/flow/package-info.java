/** From the kernel's records to named flows, and to those who watch them. */
@NullMarked
package io.ovenet.flow;

import org.jspecify.annotations.NullMarked;
