/** Half of the random worlds (suite.ts). */
import { declareHalf } from './suite.ts';

declareHalf(2);
