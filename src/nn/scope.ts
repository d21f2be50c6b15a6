/**
 * Where layers keep their parameters: a path into a model, as `cd` into a folder.
 *
 * `scope.at("attention").at("self").parameter("weight", ...)` makes the parameter "attention.self.weight"; that
 * path is its name in the graph and its key in the checkpoint, so nothing is ever renamed. The scope also carries
 * the one explicit training switch and collects dropout sites. Does not hold values.
 */
import type { HostTensor } from "../base/dtype.ts";
import { AttuneError } from "../base/errors.ts";
import type { Shape } from "../base/shape.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import { input, parameter, type Tensor } from "../tensor/index.ts";

/** How a parameter starts: constant, uniform in -bound..bound, or normal, perhaps with the tails beyond two deviations cut off. */
export type Initializer =
  | { readonly kind: "zeros" }
  | { readonly kind: "ones" }
  | { readonly kind: "uniform"; readonly bound: number }
  | { readonly kind: "normal"; readonly std: number }
  | { readonly kind: "truncatedNormal"; readonly std: number };

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Initializer;
  /** Whether weight decay applies: to matrices, not to biases and normalisation weights. */
  readonly decay: boolean;
  readonly tensor: Tensor;
}

/** A place where dropout acts in training: the mask is an input of the graph, fed from the seeded generator. */
export interface DropoutSite {
  /** Path of the dropout layer, numbered from its second use on; its mask's stream of random numbers is named by it. */
  readonly name: string;
  /** Share of elements set to zero, in [0, 1). */
  readonly rate: number;
  /** The mask: 0 where dropped, 1 / (1 - rate) where kept. */
  readonly mask: Tensor;
}

interface Registry {
  readonly name: string;
  readonly parameters: Map<string, ParameterSpec>;
  readonly dropouts: Map<string, DropoutSite>;
  readonly values: ((name: string) => HostTensor<"float32">) | undefined;
}

export class Scope {
  readonly path: string;
  /** True while tracing a training graph: dropout acts. */
  readonly training: boolean;
  readonly #registry: Registry;
  readonly #steps: Map<string, Tensor> | undefined;

  private constructor(
    path: string,
    training: boolean,
    registry: Registry,
    steps: Map<string, Tensor> | undefined,
  ) {
    this.path = path;
    this.training = training;
    this.#registry = registry;
    this.#steps = steps;
  }

  /**
   * The root of a new model.
   *
   * @param options.name what errors call the root; default "model".
   * @param options.values where a parameter's present value is found, for modules that hold their weights.
   */
  static root(options: {
    readonly training: boolean;
    readonly name?: string;
    readonly values?: (name: string) => HostTensor<"float32">;
  }): Scope {
    const { training, name = "model", values } = options;
    const registry = { name, parameters: new Map(), dropouts: new Map(), values };
    return new Scope("", training, registry, undefined);
  }

  /** The root of one more trace of the same model: its parameters are these, its dropout sites are its own. */
  retrace(options: { readonly training: boolean }): Scope {
    return new Scope("", options.training, { ...this.#registry, dropouts: new Map() }, undefined);
  }

  /** The scope one level down. */
  at(name: string | number): Scope {
    return new Scope(this.#join(String(name)), this.training, this.#registry, this.#steps);
  }

  /** The same scope, but what layers `record` under it is kept in `steps`, by path. */
  recordingInto(steps: Map<string, Tensor>): Scope {
    return new Scope(this.path, this.training, this.#registry, steps);
  }

  /** Shows a tensor on the way (queries, scores, weights) to whoever traces with `recordingInto`; gives it back. */
  record(name: string, tensor: Tensor): Tensor {
    this.#steps?.set(this.#join(name), tensor);
    return tensor;
  }

  /** What errors call this scope: the model's name and the path. */
  get label(): string {
    return this.path === "" ? this.#registry.name : `${this.#registry.name}.${this.path}`;
  }

  /**
   * Declares a parameter, or gives the one declared before under the same path (tied weights).
   *
   * @throws ERR_SHAPE where that one has another shape.
   */
  parameter(
    name: string,
    shape: readonly number[],
    options: { readonly init: Initializer; readonly decay: boolean },
  ): Tensor {
    const path = this.#join(name);
    const known = this.#registry.parameters.get(path);
    if (known === undefined) {
      const { values } = this.#registry;
      const tensor = parameter(path, shape, values === undefined ? undefined : () => values(path));
      this.#registry.parameters.set(path, { name: path, shape, tensor, ...options });
      return tensor;
    }
    if (!sameShape(known.shape, shape)) {
      throw new AttuneError("ERR_SHAPE", {
        rule: `${this.label}: the parameter "${path}" must have one shape in every use`,
        found: `it is ${formatShape(known.shape)}, and here ${formatShape(shape)}`,
        next: "give the layer inputs of the width that it was made for, or another layer a path of its own",
      });
    }
    return known.tensor;
  }

  /**
   * The mask of the dropout layer at this path. A layer that is used again draws a mask of its own each time; those
   * after the first are numbered: `path~2`, `path~3`, ...
   */
  dropoutMask(shape: Shape, rate: number): Tensor {
    const { dropouts } = this.#registry;
    let name = this.path;
    for (let use = 2; dropouts.has(name); use++) name = `${this.path}~${use}`;
    const mask = input(`mask:${name}`, "float32", shape);
    dropouts.set(name, { name, rate, mask });
    return mask;
  }

  /** Every parameter declared in this model so far, in order of declaration. */
  get parameters(): readonly ParameterSpec[] {
    return [...this.#registry.parameters.values()];
  }

  /** Every dropout site of this model so far; empty unless training. */
  get dropouts(): readonly DropoutSite[] {
    return [...this.#registry.dropouts.values()];
  }

  #join(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }
}
