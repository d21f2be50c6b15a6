/**
 * The Transformer's layers, used at once: a sequence of 10 vectors of width 512 through one encoder layer, and one
 * decoder layer that looks at the result. After `npm ci`, in the repository's root:
 *
 *     node --import ./scripts/typescript.js examples/library/transformer.ts
 */
import assert from "node:assert/strict";
import {
  evaluate,
  gradients,
  mean,
  mul,
  print,
  randn,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from "attune/nn";

const encoderLayer = new TransformerEncoderLayer({ dModel: 512, nHead: 8 });
const input = randn([10, 512], { seed: 0 });
const output = await evaluate(encoderLayer(input)); // { dtype: "float32", shape: [10, 512], data }
console.log(output.shape, output.data.slice(0, 3));

const decoderLayer = new TransformerDecoderLayer({ dModel: 512, nHead: 8 });
const target = decoderLayer(randn([7, 512], { seed: 1 }), encoderLayer(input), { tgtIsCausal: true });
console.log((await evaluate(target)).shape); // [7, 512]

// the same call with everything on the way: who looks at whom, by head
const { steps } = encoderLayer.trace([input]);
const weights = steps.get("self_attn.weights");
assert(weights !== undefined);
console.log((await evaluate(weights)).shape); // [8, 10, 10]

// differentiated: dL/dW of every parameter, for L the mean square of the target
const loss = mean(mul(target, target), [0, 1]);
const [dW] = gradients(
  loss,
  encoderLayer.parameters.map(({ tensor }) => tensor),
);
console.log(encoderLayer.parameters[0].name, (await evaluate(dW)).shape);

// and as text, a line an operation
console.log(print(encoderLayer).split("\n").slice(-4).join("\n"));
assert.deepEqual(output.shape, [10, 512]);
