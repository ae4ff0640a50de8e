@NullMarked
package io.ovenet.flow;

import org.jspecify.annotations.NullMarked;
