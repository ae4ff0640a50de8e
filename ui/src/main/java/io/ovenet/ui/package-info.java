/**
 * The page's server: reads flows of a Hubble server and objects of the Kubernetes API, and serves
 * both with the page to browsers. It writes nothing anywhere.
 */
@NullMarked
package io.ovenet.ui;

import org.jspecify.annotations.NullMarked;
