@NullMarked
package io.ovenet.kubernetes.eval;

import org.jspecify.annotations.NullMarked;
