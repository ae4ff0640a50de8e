/** Tests of watches and writers against an API server made for them. */
@NullMarked
package io.ovenet.kubernetes;

import org.jspecify.annotations.NullMarked;
