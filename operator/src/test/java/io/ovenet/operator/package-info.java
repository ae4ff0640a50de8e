/** Tests of the operator's rules, and of the whole of it against the lab's API server. */
@NullMarked
package io.ovenet.operator;

import org.jspecify.annotations.NullMarked;
