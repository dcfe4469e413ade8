package org.smpvisor.machine;

/**
 * Where one property's value lies in the tree's bytes.
 *
 * @param name printable, at most {@link Fdt#MAX_PROPERTY_NAME} characters
 * @param offset byte offset of the value in the input; the value lies inside the structure block
 * @param length bytes, 0 or more
 */
record FdtProperty(String name, int offset, int length) {

    /** Returns the number of whole 32-bit cells in the value. */
    int cells() {
        return length / 4;
    }
}
