/** Whole processes, used as a user would use them. */
@NullMarked
package io.ovenet.journeys;

import org.jspecify.annotations.NullMarked;
