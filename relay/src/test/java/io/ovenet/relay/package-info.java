@NullMarked
package io.ovenet.relay;

import org.jspecify.annotations.NullMarked;
