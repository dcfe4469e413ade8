package org.smpvisor.functions;

import java.util.List;

/**
 * A method of the model that stands for functions of Xen.
 *
 * @param owner binary name of its class
 * @param name its name, {@code <init>} for a constructor
 * @param descriptor as the JVM has it
 * @param isStatic whether it has no receiver
 * @param xen the functions, as it says itself or as the method says that it implements
 * @param file the file of Xen that its class says it models, or the empty string
 */
record ModelMethod(String owner, String name, String descriptor, boolean isStatic, List<String> xen, String file) {
    private static final String PCPU = "(Lorg/smpvisor/cpu/Pcpu;";

    /** Whether its first argument is the pCPU that runs it. */
    boolean knowsPcpu() {
        return descriptor.startsWith(PCPU) && !isConstructor();
    }

    boolean isConstructor() {
        return name.equals("<init>");
    }

    /** As a reader finds it: class and method. */
    String text() {
        String type = owner.substring(owner.lastIndexOf('.') + 1).replace('$', '.');
        return isConstructor() ? "new " + type : type + "." + name;
    }
}
