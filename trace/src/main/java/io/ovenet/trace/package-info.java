/** Where a packet would come out: who is meant, what the nodes tell of it, and that in words. */
@NullMarked
package io.ovenet.trace;

import org.jspecify.annotations.NullMarked;
