/** What commands print, and in what form. */
@NullMarked
package io.ovenet.cli.text;

import org.jspecify.annotations.NullMarked;
