package org.smpvisor;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.constant.DynamicConstantDesc;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.OwnedBy;

/** Every mutable field of the model says who may touch it and when. */
class FieldRegimeTest {
    /** The locks are what the others are guarded with; their own words are their own business. */
    private static final Set<String> LOCKS = Set.of("org.smpvisor.lock.SpinLock", "org.smpvisor.lock.RwLock");

    private static final List<String> MODEL =
            List.of("cpu", "domain", "sched", "entry", "evtchn", "lock", "trace", "abi", "gic", "vgic");

    @Test
    void everyMutableFieldSaysItsRegime() {
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(MODEL.stream().map(p -> "org.smpvisor." + p).toArray(String[]::new));
        Set<String> silent = new TreeSet<>();
        for (JavaClass c : classes) {
            if (!LOCKS.contains(c.getName())) {
                collect(c, silent);
            }
        }
        assertThat(silent)
                .as("fields that are neither final, volatile, reached by a VarHandle, @OwnedBy nor @GuardedBy")
                .isEmpty();
    }

    private static void collect(JavaClass c, Set<String> silent) {
        for (JavaField f : c.getFields()) {
            Set<JavaModifier> m = f.getModifiers();
            boolean plain = !m.contains(JavaModifier.FINAL)
                    && !m.contains(JavaModifier.STATIC)
                    && !m.contains(JavaModifier.VOLATILE)
                    && !m.contains(JavaModifier.SYNTHETIC);
            boolean padding = f.getName().matches("[pq]\\d+");
            if (plain
                    && !padding
                    && !f.isAnnotatedWith(OwnedBy.class)
                    && !f.isAnnotatedWith(GuardedBy.class)
                    && !isReachedByHandle(c, f.getName())) {
                silent.add(f.getFullName());
            }
        }
    }

    /** Whether the class, or the one that it is nested in, has a VarHandle for exactly this field. */
    private static boolean isReachedByHandle(JavaClass owner, String field) {
        for (Class<?> c = owner.reflect(); c != null; c = c.getEnclosingClass()) {
            for (Field f : c.getDeclaredFields()) {
                if (Modifier.isStatic(f.getModifiers()) && f.getType() == VarHandle.class && names(f, owner, field)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean names(Field handle, JavaClass owner, String field) {
        try {
            handle.setAccessible(true);
            VarHandle h = (VarHandle) handle.get(null);
            return h.coordinateTypes().equals(List.of(owner.reflect()))
                    && h.describeConstable()
                            .map(DynamicConstantDesc::constantName)
                            .filter(field::equals)
                            .isPresent();
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }
}
