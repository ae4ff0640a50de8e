@NullMarked
package io.ovenet.prove;

import org.jspecify.annotations.NullMarked;
