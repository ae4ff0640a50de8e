/** {@code ovenet policy}: questions about policies, of a cluster or of files alone. */
@NullMarked
package io.ovenet.cli.policy;

import org.jspecify.annotations.NullMarked;
