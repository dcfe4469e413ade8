package org.smpvisor.machine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A flattened device tree, read into nodes. The input may be anything: each access is checked against the block it
 * belongs to, node depth, nodes, properties and names are limited, the walk keeps its own place (no recursion), so that
 * time and memory grow with the input at most linearly and any defect ends in a {@link DeviceTreeException}. The memory
 * reservation block is skipped. Immutable after {@link #parse}.
 *
 * <p>Source: Devicetree Specification, chapter 5 (DTB format); what Xen does in unflatten_device_tree.
 */
final class Fdt {
    /** Largest accepted input, in bytes: 8 MiB. Trees of large machines stay below 1 MiB. */
    static final int MAX_BYTES = 8 << 20;

    static final int MAX_NODES = 16_384;
    static final int MAX_PROPERTIES = 131_072;

    /** Deepest accepted node; the root has depth 1. Xen allows 16. */
    static final int MAX_DEPTH = 32;

    static final int MAX_NODE_NAME = 255;
    static final int MAX_PROPERTY_NAME = 127;

    private static final int BEGIN_NODE = 1;
    private static final int END_NODE = 2;
    private static final int PROP = 3;
    private static final int NOP = 4;
    private static final int END = 9;

    private final String input;
    private final ByteBuffer bytes;
    private final FdtHeader header;
    private final List<FdtNode> nodes = new ArrayList<>();
    private final Map<Integer, FdtNode> byPhandle = new HashMap<>();

    private Fdt(byte[] blob, String input) {
        this.input = input;
        header = FdtHeader.read(blob, input);
        bytes = ByteBuffer.wrap(blob);
    }

    /**
     * Reads a tree.
     *
     * @param blob the bytes; not copied, not to be changed afterwards; bytes after the tree's end are ignored
     * @param input the name that messages give to it; may be empty
     * @throws DeviceTreeException if it is no sound device tree of version 16 or 17
     */
    static Fdt parse(byte[] blob, String input) {
        Fdt fdt = new Fdt(blob, input);
        fdt.readStructure();
        fdt.indexPhandles();
        return fdt;
    }

    /** Returns the root node. */
    FdtNode root() {
        return nodes.get(0);
    }

    /** Returns all nodes in tree order (a node, then its subtree), the root first: the order of Xen's allnext list. */
    List<FdtNode> nodes() {
        return nodes;
    }

    /** Returns the node with this phandle, or null if there is none. */
    FdtNode byPhandle(long phandle) {
        return byPhandle.get((int) phandle);
    }

    /** Returns the node at an absolute path with full names ({@code /soc/uart@9000000}), or null if there is none. */
    FdtNode find(String path) {
        if (!path.startsWith("/")) {
            return null;
        }
        FdtNode at = root();
        for (String name : path.split("/", -1)) {
            if (!name.isEmpty()) {
                at = at.child(name);
            }
            if (at == null) {
                return null;
            }
        }
        return at;
    }

    /** Returns the unsigned 32-bit big-endian word at a byte offset inside a property's value. */
    long u32(int at) {
        return bytes.getInt(at) & 0xffffffffL;
    }

    /** Returns the unsigned byte at a byte offset inside a property's value. */
    int u8(int at) {
        return bytes.get(at) & 0xff;
    }

    /** Returns, not throws, the exception for a defect at a place of this tree. */
    DeviceTreeException error(String place, int offset, String problem) {
        return new DeviceTreeException(input, place, offset, problem);
    }

    private void readStructure() {
        int at = header.structure();
        int depth = 0;
        int properties = 0;
        FdtNode node = null;
        while (true) {
            int token = token(at, node);
            int tokenAt = at;
            at += 4;
            switch (token) {
                case BEGIN_NODE -> {
                    if (node == null && !nodes.isEmpty()) {
                        throw structureError(node, tokenAt, "a second root node; the structure block is damaged");
                    }
                    if (++depth > MAX_DEPTH) {
                        throw structureError(node, tokenAt, "nodes are nested more than " + MAX_DEPTH + " deep");
                    }
                    if (nodes.size() == MAX_NODES) {
                        throw structureError(node, tokenAt, "more than " + MAX_NODES + " nodes");
                    }
                    String name = nodeName(at, node);
                    at = aligned(at + name.length() + 1);
                    node = new FdtNode(this, name, node, tokenAt);
                    nodes.add(node);
                }
                case END_NODE -> {
                    if (node == null) {
                        throw structureError(
                                null, tokenAt, "a node ends where none is open; the structure block is damaged");
                    }
                    depth--;
                    node = node.parent();
                }
                case PROP -> {
                    if (++properties > MAX_PROPERTIES) {
                        throw structureError(node, tokenAt, "more than " + MAX_PROPERTIES + " properties");
                    }
                    at = readProperty(node, tokenAt);
                }
                case NOP -> {}
                case END -> {
                    if (node != null || nodes.isEmpty()) {
                        String open = node == null ? "no node was seen" : "this node is still open";
                        throw structureError(
                                node, tokenAt, "the structure block ends, but " + open + "; it is damaged");
                    }
                    return;
                }
                default ->
                    throw structureError(
                            node,
                            tokenAt,
                            "0x" + Integer.toHexString(token) + " is no structure token; the tree is damaged");
            }
        }
    }

    private int token(int at, FdtNode node) {
        if (at > header.structureEnd() - 4) {
            throw structureError(node, at, "the structure block ends without an end token; the tree is damaged");
        }
        return bytes.getInt(at);
    }

    /** Reads the property whose token is at {@code tokenAt} into {@code node} and returns the offset after it. */
    private int readProperty(FdtNode node, int tokenAt) {
        if (node == null) {
            throw structureError(null, tokenAt, "a property outside of any node; the structure block is damaged");
        }
        if (!node.children().isEmpty()) {
            throw structureError(node, tokenAt, "a property after a child node; properties come first in a node");
        }
        int value = tokenAt + 12;
        if (value > header.structureEnd()) {
            throw structureError(node, tokenAt, "the structure block ends inside a property; the tree is damaged");
        }
        long length = u32(tokenAt + 4);
        if (length > header.structureEnd() - value) {
            throw structureError(
                    node, tokenAt, "a property of " + length + " bytes does not fit into the structure block");
        }
        String name = propertyName(u32(tokenAt + 8), node, tokenAt);
        if (!node.add(new FdtProperty(name, value, (int) length))) {
            throw structureError(node, tokenAt, "property '" + name + "' is given twice");
        }
        return aligned(value + (int) length);
    }

    private String nodeName(int at, FdtNode parent) {
        String name = text(at, header.structureEnd(), MAX_NODE_NAME);
        if (name == null || name.indexOf('/') >= 0) {
            throw structureError(
                    parent,
                    at,
                    "the name of a child node is not 1 to " + MAX_NODE_NAME
                            + " printable characters without '/'; the tree is damaged");
        }
        if (name.isEmpty() != (parent == null)) {
            String problem = parent == null ? "the root node is named '" + name + "'" : "a child node has no name";
            throw structureError(parent, at, problem + "; the tree is damaged");
        }
        return name;
    }

    private String propertyName(long nameOffset, FdtNode node, int tokenAt) {
        int room = header.stringsEnd() - header.strings();
        String name = nameOffset >= room
                ? null
                : text(header.strings() + (int) nameOffset, header.stringsEnd(), MAX_PROPERTY_NAME);
        if (name == null || name.isEmpty()) {
            throw structureError(
                    node,
                    tokenAt,
                    "the name of a property (0x" + Long.toHexString(nameOffset) + " in the strings block) is not 1 to "
                            + MAX_PROPERTY_NAME + " printable characters");
        }
        return name;
    }

    /** Returns the NUL-terminated text, or null if it is longer than {@code max}, not graphic ASCII, or has no end. */
    private String text(int at, int end, int max) {
        int stop = (int) Math.min(end, at + (long) max + 1);
        for (int i = at; i < stop; i++) {
            int c = u8(i);
            if (c == 0) {
                return new String(bytes.array(), at, i - at, StandardCharsets.US_ASCII);
            }
            if (c <= 0x20 || c >= 0x7f) {
                return null;
            }
        }
        return null;
    }

    private void indexPhandles() {
        for (FdtNode node : nodes) {
            for (String name : new String[] {"phandle", "linux,phandle"}) {
                FdtProperty property = node.property(name);
                if (property == null) {
                    continue;
                }
                long phandle = node.u32(name, 0);
                FdtNode other = byPhandle.putIfAbsent((int) phandle, node);
                if (other != null && other != node) {
                    throw node.error(
                            property, "phandle 0x" + Long.toHexString(phandle) + " is also that of " + other.path());
                }
            }
        }
    }

    private DeviceTreeException structureError(FdtNode node, int offset, String problem) {
        return error(node == null ? "/" : node.path(), offset, problem);
    }

    private static int aligned(int at) {
        return (at + 3) & ~3;
    }
}
