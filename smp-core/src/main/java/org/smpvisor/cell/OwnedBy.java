package org.smpvisor.cell;

import java.lang.annotation.Documented;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** The annotated plain field is touched by one party only, which is named. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
public @interface OwnedBy {
    /** Who owns the field: {@code "pcpu"}, {@code "boot"}, {@code "guest"}, ... */
    String value();
}
