@NullMarked
package io.ovenet.policy;

import org.jspecify.annotations.NullMarked;
