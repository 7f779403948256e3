// What the least browsers of package.json do not know, in scripts.
import compat from "eslint-plugin-compat";

export default [
  {
    ...compat.configs["flat/recommended"],
    files: ["**/*.js"],
    settings: { polyfills: ["ImageCapture"] }, // asked for before it is used
  },
];
