/** Questions about policy in bulk: small worlds as JSON lines, answers as JSON lines. */
@NullMarked
package io.ovenet.kubernetes.eval;

import org.jspecify.annotations.NullMarked;
