package org.smpvisor.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A node of a flattened device tree with its properties. Values are decoded when asked for, because only the reader of
 * a property knows its type; a value of the wrong size is then a {@link DeviceTreeException} that names this node. Only
 * {@link Fdt#parse} adds to a node; it is immutable afterwards.
 */
final class FdtNode {
    /** Most strings that a string list may hold. */
    static final int MAX_STRINGS = 256;

    /** Longest string that a string list may hold, in characters. */
    static final int MAX_STRING = 1024;

    private final Fdt tree;
    private final String name;
    private final FdtNode parent;
    private final int offset;
    private final Map<String, FdtProperty> properties = new LinkedHashMap<>();
    private final List<FdtNode> children = new ArrayList<>(0);

    /**
     * @param parent null for the root
     * @param offset byte offset of the node's begin token
     */
    FdtNode(Fdt tree, String name, FdtNode parent, int offset) {
        this.tree = tree;
        this.name = name;
        this.parent = parent;
        this.offset = offset;
        if (parent != null) {
            parent.children.add(this);
        }
    }

    /** Adds a property while the tree is read and returns true, or false if the node has one of that name. */
    boolean add(FdtProperty property) {
        return properties.putIfAbsent(property.name(), property) == null;
    }

    Fdt tree() {
        return tree;
    }

    /** Returns the parent, or null for the root. */
    FdtNode parent() {
        return parent;
    }

    /** Returns the direct children in tree order. */
    List<FdtNode> children() {
        return children;
    }

    /** Returns the first child of this full name (with its unit address), or null. */
    FdtNode child(String childName) {
        for (FdtNode child : children) {
            if (child.name.equals(childName)) {
                return child;
            }
        }
        return null;
    }

    /** Returns the absolute path with unit addresses, {@code "/"} for the root. */
    String path() {
        if (parent == null) {
            return "/";
        }
        Deque<String> names = new ArrayDeque<>();
        for (FdtNode at = this; at.parent != null; at = at.parent) {
            names.push(at.name);
        }
        return "/" + String.join("/", names);
    }

    boolean has(String property) {
        return properties.containsKey(property);
    }

    /** Returns the properties in the order written. */
    Collection<FdtProperty> properties() {
        return properties.values();
    }

    /** Returns a property, or null if the node does not have it. */
    FdtProperty property(String property) {
        return properties.get(property);
    }

    /**
     * Returns a property that must be there.
     *
     * @param purpose what it says, for the message
     * @throws DeviceTreeException if the node does not have it
     */
    FdtProperty required(String property, String purpose) {
        FdtProperty found = properties.get(property);
        if (found == null) {
            throw error("has no '" + property + "' property (" + purpose + ")");
        }
        return found;
    }

    /**
     * Returns a property of one cell as an unsigned number, or {@code absent} if the node does not have it.
     *
     * @throws DeviceTreeException if it is not 4 bytes long
     */
    long u32(String property, long absent) {
        FdtProperty found = properties.get(property);
        if (found == null) {
            return absent;
        }
        if (found.length() != 4) {
            throw error(found, "'" + property + "' is " + found.length() + " bytes, not one cell (4 bytes)");
        }
        return tree.u32(found.offset());
    }

    /**
     * Returns the number that {@code count} cells of a property's value make, most significant first.
     *
     * @param first index of the first cell; {@code first + count} cells must be there
     * @param count 0 to 2; 0 makes the number 0
     */
    long cells(FdtProperty property, int first, int count) {
        long value = 0;
        for (int i = first; i < first + count; i++) {
            value = value << 32 | tree.u32(property.offset() + 4 * i);
        }
        return value;
    }

    /**
     * Returns the strings of a property; empty if the node does not have it or its value is empty.
     *
     * @throws DeviceTreeException if the value is not made of NUL-terminated strings of printable ASCII, at most
     *     {@link #MAX_STRINGS}, each of at most {@link #MAX_STRING} characters
     */
    List<String> stringList(String property) {
        FdtProperty found = properties.get(property);
        if (found == null) {
            return List.of();
        }
        List<String> strings = new ArrayList<>(2);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < found.length(); i++) {
            int c = tree.u8(found.offset() + i);
            if (c != 0 && (c < 0x20 || c >= 0x7f)) {
                throw error(
                        found,
                        "'" + property + "' is not printable text (byte 0x" + Integer.toHexString(c) + " at position "
                                + i + ")");
            }
            if (text.length() > MAX_STRING) {
                throw error(found, "'" + property + "' has a string of more than " + MAX_STRING + " characters");
            }
            if (c != 0) {
                text.append((char) c);
            } else if (strings.size() == MAX_STRINGS) {
                throw error(found, "'" + property + "' has more than " + MAX_STRINGS + " strings");
            } else {
                strings.add(text.toString());
                text.setLength(0);
            }
        }
        if (!text.isEmpty()) {
            throw error(found, "'" + property + "' is not terminated by a zero byte");
        }
        return strings;
    }

    /** Returns the first string of a property, or null if there is none; throws as {@link #stringList}. */
    String string(String property) {
        List<String> strings = stringList(property);
        return strings.isEmpty() ? null : strings.get(0);
    }

    /** Says whether {@code compatible} lists the name; case does not matter, as in Xen's dt_device_is_compatible. */
    boolean isCompatible(String compatible) {
        for (String one : stringList("compatible")) {
            if (one.equalsIgnoreCase(compatible)) {
                return true;
            }
        }
        return false;
    }

    /** Says whether {@code status} is absent, "okay" or "ok", as Xen's dt_device_is_available does. */
    boolean isAvailable() {
        if (!has("status")) {
            return true;
        }
        String status = string("status");
        return "okay".equals(status) || "ok".equals(status);
    }

    /** Returns, not throws, the exception for a defect of this node. */
    DeviceTreeException error(String problem) {
        return tree.error(path(), offset, problem);
    }

    /** Returns, not throws, the exception for a defect of one of this node's properties. */
    DeviceTreeException error(FdtProperty property, String problem) {
        return tree.error(path(), property.offset(), problem);
    }

    @Override
    public String toString() {
        return path();
    }
}
