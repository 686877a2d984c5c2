"use client";

import { useEffect, useRef, useState } from "react";

export default function Page() {
  const picture = useRef(null);
  const [answer, setAnswer] = useState("Loading the model …");

  useEffect(() => {
    async function classify() {
      // Imported here, so that it runs in the browser alone.
      const { load } = await import("@subbyte/engine");
      const model = await load("/model.sbq");
      const [best] = await model.classify(picture.current, { topK: 1 });
      setAnswer(`${best.label} (${(100 * best.probability).toFixed(1)} %)`);
      model.dispose();
    }
    classify().catch((error) => setAnswer(error.message));
  }, []);

  return (
    <main>
      {/* biome-ignore lint/performance/noImgElement: the engine reads the element's own pixels */}
      <img ref={picture} src="/picture.jpg" alt="To be classified" width="240" />
      <p id="answer" role="status">
        {answer}
      </p>
    </main>
  );
}
