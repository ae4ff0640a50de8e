@NullMarked
package io.ovenet.ui;

import org.jspecify.annotations.NullMarked;
