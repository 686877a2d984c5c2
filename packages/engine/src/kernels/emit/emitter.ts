/** @file The state that the emitters of all operators share: addresses of tensors, and the steps of a run. */

import type { Program, TensorId } from "../../program/program.js";
import type { KernelName, Kernels } from "../../wasm/modules.js";
import type { Constants } from "../constants.js";
import { pixelOffsets, wholeMap } from "../offsets.js";
import { Packer } from "../packer.js";
import type { Placement } from "../placement.js";
import type { Plan } from "../plan.js";
import { type MakeAxes, uncut } from "../splitting/axis.js";
import { Scratch } from "./scratch.js";

/** One kernel call of operator `operator`; −1 is the input. */
export interface Step {
  readonly operator: number;
  readonly kernel: KernelName;
  readonly task: number;
  /** How threads can share the call. */
  readonly axes: MakeAxes;
}

/** The entry of an operator in `Executable.kernels`. */
export interface KernelChoice {
  readonly kernel: KernelName;
  /** Steps between two flushes of narrow sums; absent if sums are int32 throughout. */
  readonly flush?: number;
}

export class Emitter {
  readonly steps: Step[] = [];
  readonly choices = new Map<number, KernelChoice>();
  readonly program: Program;
  readonly packer: Packer;
  readonly scratch: Scratch;
  /** Address of the float32 logits, padded to whole vectors. */
  readonly logits: number;

  constructor(
    readonly plan: Plan,
    readonly constants: Constants,
    readonly kernels: Kernels,
  ) {
    this.packer = new Packer(constants, kernels, plan.start);
    this.program = plan.program;
    this.scratch = new Scratch(constants);
    this.logits = constants.floats(new Float32Array(Math.ceil(plan.program.classes / 8) * 8));
  }

  placement(id: TensorId): Placement {
    return this.plan.placements[id]!;
  }

  /** Address of pixel (0, 0). */
  address(id: TensorId): number {
    return this.plan.buffers[id]! + this.placement(id).head;
  }

  /** Offsets of all pixels of a tensor. */
  pixels(id: TensorId): number {
    const placement = this.placement(id);
    return pixelOffsets(this, placement, wholeMap(placement));
  }

  /** Appends a kernel call to operator `operator`; −1 is the input. */
  emit(operator: number, kernel: KernelName, task: number, axes: MakeAxes): void {
    this.steps.push({ operator, kernel, task, axes });
  }

  /** Records which kernel runs a layer, and how often its narrow sums are flushed. */
  report(operator: number, kernel: KernelName, cuts: readonly number[]): void {
    this.choices.set(operator, cuts.length > 1 ? { kernel, flush: cuts[0]! } : { kernel });
  }

  /** Fills the border of a tensor with its zero point. Buffers are shared, so this is done in every run. */
  emitBorder(operator: number, id: TensorId): void {
    const { elementBytes, height, width, border, pixelPitch, rowPitch, head } = this.placement(id);
    if (border.top + border.left + border.bottom + border.right === 0) return;
    const task = this.constants.task("BorderTask", {
      buffer: this.plan.buffers[id]!,
      elementBytes,
      head,
      row: width * pixelPitch,
      gap: rowPitch - width * pixelPitch,
      tail: border.bottom * rowPitch + border.right * pixelPitch,
      height,
      value: this.program.tensors[id]!.zeroPoint,
    });
    this.emit(operator, "border", task, uncut);
  }
}
