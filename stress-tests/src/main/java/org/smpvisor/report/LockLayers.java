package org.smpvisor.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.smpvisor.lock.LockClass;

/**
 * Places the lock classes in layers, outer ones above, and leads each edge through the layers that it crosses. Layers come from
 * the declared order; inside a layer nodes are sorted by where their neighbours stand, and drawn towards them.
 */
final class LockLayers {
    static final int BOX_WIDTH = 176;

    private static final int SWEEPS = 40;
    private static final double BOX_GAP = 44;
    private static final double BEND_GAP = 30;

    /** A class, or, where an edge crosses a layer, a bend. */
    static final class Node {
        final LockClass lock;
        final int layer;
        double x;
        private final List<Node> above = new ArrayList<>();
        private final List<Node> below = new ArrayList<>();

        Node(LockClass lock, int layer) {
            this.lock = lock;
            this.layer = layer;
        }

        private double half() {
            return lock == null ? BEND_GAP / 2 : (BOX_WIDTH + BOX_GAP) / 2;
        }
    }

    /** An edge and the nodes that it passes, from the outer class to the inner. */
    record Route(LockClass outer, LockClass inner, List<Node> nodes) {}

    private final Map<LockClass, Node> boxes = new LinkedHashMap<>();
    private final List<List<Node>> layers = new ArrayList<>();
    private final List<Route> routes = new ArrayList<>();

    /** @param pairs the edges to draw, outer and inner; those that lead upwards are left to the painter */
    LockLayers(List<List<LockClass>> pairs) {
        for (LockClass c : LockClass.values()) {
            Node n = new Node(c, layerOf(c));
            boxes.put(c, n);
            layer(n.layer).add(n);
        }
        for (List<LockClass> p : pairs) {
            route(p.get(0), p.get(1));
        }
        sort();
        place();
    }

    private static int layerOf(LockClass c) {
        int layer = 0;
        for (LockClass outer : c.inside()) {
            layer = Math.max(layer, layerOf(outer) + 1);
        }
        return layer;
    }

    private List<Node> layer(int i) {
        while (layers.size() <= i) {
            layers.add(new ArrayList<>());
        }
        return layers.get(i);
    }

    private void route(LockClass outer, LockClass inner) {
        Node from = boxes.get(outer);
        Node to = boxes.get(inner);
        if (from.layer >= to.layer) {
            return;
        }
        List<Node> nodes = new ArrayList<>(List.of(from));
        Node last = from;
        for (int l = from.layer + 1; l <= to.layer; l++) {
            Node next = l == to.layer ? to : new Node(null, l);
            if (next != to) {
                layer(l).add(next);
            }
            last.below.add(next);
            next.above.add(last);
            nodes.add(next);
            last = next;
        }
        routes.add(new Route(outer, inner, List.copyOf(nodes)));
    }

    private void sort() {
        number();
        for (int s = 0; s < SWEEPS; s++) {
            boolean down = s % 2 == 0;
            for (int i = 0; i < layers.size(); i++) {
                List<Node> l = layers.get(down ? i : layers.size() - 1 - i);
                l.sort(Comparator.comparingDouble(n -> mean(down ? n.above : n.below, n.x)));
                for (int k = 0; k < l.size(); k++) {
                    l.get(k).x = k - l.size() / 2.0;
                }
            }
        }
    }

    private void number() {
        for (List<Node> l : layers) {
            for (int k = 0; k < l.size(); k++) {
                l.get(k).x = k - l.size() / 2.0;
            }
        }
    }

    private static double mean(List<Node> of, double otherwise) {
        return of.stream().mapToDouble(n -> n.x).average().orElse(otherwise);
    }

    private void place() {
        for (List<Node> l : layers) {
            spread(l);
        }
        for (int s = 0; s < SWEEPS; s++) {
            for (List<Node> l : layers) {
                for (Node n : l) {
                    List<Node> all = new ArrayList<>(n.above);
                    all.addAll(n.below);
                    n.x = mean(all, n.x);
                }
                spread(l);
            }
        }
        double left = boxes.values().stream().mapToDouble(n -> n.x).min().orElse(0);
        for (List<Node> l : layers) {
            l.forEach(n -> n.x -= left);
        }
    }

    /** Moves the nodes of a layer apart, as little as that takes, in the order in which they stand. */
    private static void spread(List<Node> l) {
        double[] wanted = new double[l.size()];
        double offset = 0;
        double[] at = new double[l.size()];
        for (int i = 0; i < l.size(); i++) {
            offset += i == 0 ? 0 : l.get(i - 1).half() + l.get(i).half();
            at[i] = offset;
            wanted[i] = l.get(i).x - offset;
        }
        // Nearest non-decreasing sequence to what is wanted: neighbours that disagree share their mean.
        double[] level = new double[l.size()];
        int[] size = new int[l.size()];
        int blocks = 0;
        for (double w : wanted) {
            level[blocks] = w;
            size[blocks++] = 1;
            while (blocks > 1 && level[blocks - 2] > level[blocks - 1]) {
                int n = size[blocks - 2] + size[blocks - 1];
                level[blocks - 2] = (level[blocks - 2] * size[blocks - 2] + level[blocks - 1] * size[blocks - 1]) / n;
                size[blocks - 2] = n;
                blocks--;
            }
        }
        int i = 0;
        for (int b = 0; b < blocks; b++) {
            for (int k = 0; k < size[b]; k++, i++) {
                l.get(i).x = level[b] + at[i];
            }
        }
    }

    Node box(LockClass c) {
        return boxes.get(c);
    }

    List<Route> routes() {
        return routes;
    }

    int height() {
        return layers.size();
    }

    /** Left and right edge of everything. */
    double left() {
        return layers.stream()
                .flatMap(List::stream)
                .mapToDouble(n -> n.x - n.half())
                .min()
                .orElse(0);
    }

    double right() {
        return layers.stream()
                .flatMap(List::stream)
                .mapToDouble(n -> n.x + n.half())
                .max()
                .orElse(0);
    }
}
