/** {@code ovenet hubble}: what the flows of a node say, in Hubble's own forms. */
@NullMarked
package io.ovenet.cli.hubble;

import org.jspecify.annotations.NullMarked;
