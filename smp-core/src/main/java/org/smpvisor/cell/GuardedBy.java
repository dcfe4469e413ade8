package org.smpvisor.cell;

import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** The annotated cell is written only with the named lock held. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
public @interface GuardedBy {
    /** The lock, as an expression in terms of the enclosing object. */
    String value();
}
